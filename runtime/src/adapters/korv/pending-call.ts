import type { EncodedValue } from "../../codec/codec.js";
import type { Method } from "../../contract/method.js";
import type { RpcError } from "../../contract/rpc-error.js";
import type { StatusName } from "../../contract/status.js";
import type { IncomingCall } from "../../wire/incoming-call.js";
import { type Answer, failureOf } from "./parse-answer.js";

/** A call on its way. It keeps its place until it is answered and its packet has left, so that both are bounded. */
export class PendingCall {
  readonly method: Method;
  readonly #call: IncomingCall;
  #answered = false;
  #sent = false;
  /** Called once, when it is answered. */
  onEnd: () => void = () => undefined;

  constructor(call: IncomingCall, method: Method) {
    this.method = method;
    this.#call = call;
    call.listen((reason) => this.fail(reason));
  }

  get answered(): boolean {
    return this.#answered;
  }

  answer(answer: Answer): void {
    if (answer.code >= 200 && answer.code < 300) this.#end("OK", this.#call.codec.encode(answer.body));
    else this.fail(failureOf(answer, this.method));
  }

  fail(error: RpcError): void {
    this.#end(error.status, this.#call.codec.encodeError(error));
  }

  sent(): void {
    this.#sent = true;
    if (this.#answered) this.#call.release();
  }

  #end(status: StatusName, body: EncodedValue): void {
    if (this.#answered) return;
    this.#answered = true;
    this.onEnd();
    this.#call.answer(status, body);
    if (this.#sent) this.#call.release();
  }
}
