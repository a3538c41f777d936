import type { Method } from "../../contract/method.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { IncomingCall } from "../../wire/incoming-call.js";
import { errorOf, type KorvResponse } from "./parse-response.js";

/** A call that waits for its response. It is released once it is answered and its packet was sent, which bounds both. */
export class PendingCall {
  readonly method: Method;
  readonly #call: IncomingCall;
  readonly #onAnswer: () => void;
  #answered = false;
  #sent = false;

  /** @param onAnswer called once, when the call is answered */
  constructor(call: IncomingCall, method: Method, onAnswer: () => void) {
    this.method = method;
    this.#call = call;
    this.#onAnswer = onAnswer;
    call.listen((reason) => this.fail(reason));
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** Answers the call with a response of the server. */
  answer(response: KorvResponse): void {
    if (response.code < 200 || response.code >= 300) this.fail(errorOf(response, this.method));
    else this.#end((call) => call.answer("OK", call.codec.encode(response.body)));
  }

  fail(error: RpcError): void {
    this.#end((call) => call.fail(error));
  }

  /** The packet of the request was sent, or will never be sent. */
  sent(): void {
    this.#sent = true;
    if (this.#answered) this.#call.release();
  }

  #end(answer: (call: IncomingCall) => void): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#onAnswer();
    answer(this.#call);
    if (this.#sent) this.#call.release();
  }
}
