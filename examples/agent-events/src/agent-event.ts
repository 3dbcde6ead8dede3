/** What an agent tells while it works; one channel a run, `agent:RUN`. */
export type AgentEvent =
  | { readonly kind: 'agent_started'; readonly task: string }
  | { readonly kind: 'agent_thinking'; readonly thought: string }
  | { readonly kind: 'tool_executing'; readonly call: number; readonly tool: string }
  | { readonly kind: 'tool_completed'; readonly call: number; readonly result: string }
  | { readonly kind: 'agent_completed'; readonly answer: string };

/** The channel of a run. */
export function channelOf(run: string): string {
  return `agent:${run}`;
}
