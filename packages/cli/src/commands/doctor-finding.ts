/** One line of `belay doctor`. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** Deserves a look and breaks nothing: the command still exits 0. */
  readonly isWarning?: boolean;
  readonly detail: string;
  readonly mend: string | null;
}
