import { exitCode, type ExitCode } from '../exit-code.ts';
import type { PlainFlags, Run } from '../run.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

/** Prints the completion script of a shell; it asks `belay __complete` for words. */
export async function completion(run: Run, _flags: PlainFlags, shell: Shell): Promise<ExitCode> {
  const script = SCRIPTS[shell];
  run.output.answer({ shell, script }, () => script);
  return exitCode.done;
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# eval "$(belay completion bash)"
_belay() {
  mapfile -t COMPREPLY < <(belay __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _belay belay`,
  zsh: `# eval "$(belay completion zsh)"
_belay() {
  local -a words_found
  words_found=("\${(@f)$(belay __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a words_found
}
compdef _belay belay`,
  fish: `# belay completion fish | source
complete -c belay -f -a '(belay __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
};
