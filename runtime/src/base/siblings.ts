/**
 * The other processes of a server that runs in several, each with connections of its own. Messages arrive in the order in which they were
 * sent; bodies are copied (structured clone). A process that begins knows nothing, and gets what it has to know from {@link Siblings.onJoin}.
 */
export interface Siblings {
  /** The number of this process, unlike those of the others, also of earlier ones. */
  readonly number: number;
  /** The path of the Unix socket of a process, in a directory of their own. */
  socketPath(process: number): string;
  /** Sends a message to all others, or to one of them. */
  publish(topic: string, body: unknown, to?: number): void;
  /** Gets the messages of others. */
  subscribe(topic: string, listener: (body: unknown, from: number) => void): void;
  /** Calls `listener` with each process that runs already, and with each that begins. */
  onJoin(listener: (process: number) => void): void;
  /** Calls `listener` with each process that has ended. */
  onLeave(listener: (process: number) => void): void;
  /** Asks all others; those that fail, or have not answered in time, are left out. */
  ask(topic: string, body: unknown): Promise<readonly unknown[]>;
  /** Answers what others ask. */
  answer(topic: string, answer: (body: unknown) => unknown): void;
}
