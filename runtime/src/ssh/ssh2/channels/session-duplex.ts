import type { ServerChannel } from "ssh2";
import { attempt, type ChannelInternals, channelInternals } from "../internals.js";
import { type ChannelConfig, ChannelDuplex } from "./channel-duplex.js";

type Done = (error?: Error | null) => void;

/**
 * The standard streams of a session: its writable side takes standard output and standard error, and keeps their order.
 * ssh2 keeps the last chunk that waited for the window, and sends it again when the other stream has waited
 * (server.js:781 to 793); and its `exit` sends nothing after EOF (Channel.js:248). We clear the chunk, and send the
 * status ourselves. test/unit/runtime/ssh/server/sessions.test.ts notices a change.
 */
export class SessionDuplex extends ChannelDuplex {
  readonly #channel: ServerChannel;
  readonly #state: ChannelInternals;
  readonly #errors = new WeakSet<Buffer>();
  #status: number | undefined;

  constructor(channel: ServerChannel, config: ChannelConfig) {
    super(channel, config);
    this.#channel = channel;
    this.#state = channelInternals(channel);
    // Also while unread input is left: no peer is there to read its output.
    const onLost = (): void => void this.destroy(config.lost());
    config.connection.once("close", onLost);
    this.once("close", () => config.connection.off("close", onLost));
  }

  /** Writes to standard error, after everything written before. */
  writeError(text: string, done: Done): void {
    const chunk = Buffer.from(text);
    this.#errors.add(chunk);
    this.write(chunk, done);
  }

  /** Sends the exit status: before EOF, or right after it where that was sent already. */
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
    const channel = this.#state;
    channel._chunk = undefined;
    channel._chunkcb = undefined;
    if (channel.outgoing.state !== "open") {
      done(new Error("the session has ended"));
      return;
    }
    try {
      this.#channel.stderr.write(chunk, (error) => {
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
    attempt(() => this.#state.eof());
    done();
  }

  #sendStatus(): void {
    const { outgoing, _client } = this.#state;
    const status = this.#status;
    if (status === undefined || (outgoing.state !== "open" && outgoing.state !== "eof")) return;
    attempt(() => _client._protocol.exitStatus(outgoing.id, status));
  }
}
