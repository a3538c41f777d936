/** A line of the nemesis: what it did, and when it was over. Times are milliseconds since the epoch. */
export interface Fault {
  readonly kind: "kill" | "restart" | "stop" | "cut" | "mute" | "exit";
  /** The process, or the link. */
  readonly target: string;
  /** Of a process: its generation. */
  readonly generation?: number;
  readonly t: number;
  /** End of a stop, or when the killed process was ready again. */
  readonly until?: number;
  /** How a connection was cut, or the process exited by itself. */
  readonly how?: string;
}
