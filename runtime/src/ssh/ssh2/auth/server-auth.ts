import type { KeyboardAuthContext, PasswordAuthContext } from "ssh2";
import { authInternals } from "../internals.js";

/**
 * Removes a keyboard-interactive request from ssh2's queue when the client abandons it for another method. ssh2 emits
 * `abort` and leaves it in the queue (server.js:1130), so that the answer to the next request is matched with this one.
 * test/unit/runtime/ssh/server/auth/authentication.test.ts notices a change.
 */
export function dequeueWhenAbandoned(context: KeyboardAuthContext): void {
  context.once("abort", () => authInternals(context)._protocol._authsQueue.shift());
}

/**
 * Requests a new password, which the client sends in a request of its own. ssh2's `requestChange` (server.js:175)
 * withholds the old password of that request, loses a request without a new one, and blocks a client that goes on to
 * another method (server.js:1103). We send the message alone, and mark the request as answered.
 * test/unit/runtime/ssh/server/auth notices a change.
 */
export function requestPasswordChange(context: PasswordAuthContext, prompt: string): void {
  const internals = authInternals(context);
  internals._initialResponse = true;
  internals._protocol.authPasswdChg(prompt);
  internals._protocol._authsQueue.shift();
}
