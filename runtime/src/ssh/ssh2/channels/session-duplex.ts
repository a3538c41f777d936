import type { ServerChannel } from "ssh2";
import { attempt } from "../attempt.js";
import { type ChannelConfig, ChannelDuplex } from "./channel-duplex.js";

/** The parts of ssh2's channel that its types do not show. */
interface ChannelInternals {
  readonly _client: { readonly _protocol: { exitStatus(recipient: number, status: number): void } };
  readonly outgoing: { readonly id: number; readonly state: "open" | "eof" | "closing" | "closed" };
  _chunk: Buffer | undefined;
  _chunkcb: unknown;
  _chunkErr: Buffer | undefined;
  _chunkcbErr: unknown;
  eof(): void;
}

type Done = (error?: Error | null) => void;

/** The standard streams of a session: its writable side takes what goes to standard error, too, in the same order. */
export class SessionDuplex extends ChannelDuplex {
  readonly #channel: ServerChannel & ChannelInternals;
  readonly #errors = new WeakSet<Buffer>();
  #status: number | undefined;

  constructor(channel: ServerChannel, config: Omit<ChannelConfig, "server">) {
    super(channel, { ...config, server: true });
    this.#channel = channel as ServerChannel & ChannelInternals;
    // Also where input is left that nobody reads: nobody is there to take output for it.
    const onLost = (): void => void this.destroy(config.lost());
    config.connection.once("close", onLost);
    this.once("close", () => config.connection.off("close", onLost));
  }

  /** Writes to standard error, after what was written before. */
  writeError(text: string, done: Done): void {
    const chunk = Buffer.from(text);
    this.#errors.add(chunk);
    this.write(chunk, done);
  }

  /** Sends the exit status: before the end of the output where that has not been sent, else right after it. */
  setStatus(status: number): void {
    this.#status = status;
    if (this.writableFinished) this.#sendStatus();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: Done): void {
    if (this.#errors.has(chunk)) this.#sendError(chunk, done);
    else super._write(chunk, encoding, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    const at = chunks.findIndex(({ chunk }) => this.#errors.has(chunk));
    if (at === -1) {
      super._writev(chunks, done);
      return;
    }
    const error = (chunks[at] as { chunk: Buffer }).chunk;
    const rest = chunks.slice(at + 1);
    const sendRest: Done = (failure) => (failure || rest.length === 0 ? done(failure) : this._writev(rest, done));
    const sendError: Done = (failure) => (failure ? done(failure) : this.#sendError(error, sendRest));
    if (at === 0) sendError();
    else super._writev(chunks.slice(0, at), sendError);
  }

  #sendError(chunk: Buffer, done: Done): void {
    const channel = this.#channel;
    // ssh2 keeps the last piece that had to wait for the window, and would send it again when standard error has waited.
    channel._chunk = undefined;
    channel._chunkcb = undefined;
    if (channel.outgoing.state !== "open") {
      done(new Error("the session has ended"));
      return;
    }
    try {
      channel.stderr.write(chunk, (error) => {
        channel._chunkErr = undefined;
        channel._chunkcbErr = undefined;
        done(error);
      });
    } catch (error) {
      done(error as Error);
    }
  }

  override _final(done: Done): void {
    this.#sendStatus();
    attempt(() => this.#channel.eof());
    done();
  }

  #sendStatus(): void {
    const { outgoing, _client } = this.#channel;
    const status = this.#status;
    if (status === undefined || (outgoing.state !== "open" && outgoing.state !== "eof")) return;
    // Not the channel's own exit(), which says nothing once the end of the output is sent.
    attempt(() => _client._protocol.exitStatus(outgoing.id, status));
  }
}
