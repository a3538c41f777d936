import type { ContractVersion } from "../../base/observer/contract-drift.js";
import { printable } from "../../base/printable.js";
import { isMismatch } from "../../codec/check.js";
import { type BadRequestDetails, RpcError } from "../../contract/rpc-error.js";

/** The contracts of the two sides of a call. */
interface Versions {
  readonly local: ContractVersion;
  readonly remote: ContractVersion;
}

/** Digits of a hash in messages. */
const SHOWN_DIGITS = 12;

/** A contract in one line: `notes 1.0.0 (hash 9f86d081884c)`. The other side chose the texts. */
export function describeContract({ name, version, hash }: ContractVersion): string {
  return `${printable(name, 60)} ${printable(version, 60)} (hash ${printable(hash.slice(0, SHOWN_DIGITS))})`;
}

function both({ local, remote }: Versions): string {
  return `this side has ${describeContract(local)}, the other ${describeContract(remote)}`;
}

const HOW = "generate the older side from the contract of the newer one";

/** The error of a call of a method that the other side declares differently. */
export function refusedMethod(versions: Versions): RpcError {
  const what = 'the other side declares the method differently, and option contractDrift is "refuse"';
  return new RpcError("UNIMPLEMENTED", `${what}: ${both(versions)}; ${HOW}`);
}

/** The error of a call whose method cannot be compared. */
export function incomparable(versions: Versions): RpcError {
  const what = 'the contracts differ, the methods cannot be compared, and option contractDrift is "refuse"';
  return new RpcError(
    "UNIMPLEMENTED",
    `${what}: ${both(versions)}; update sshrpc on the other side, or set contractDrift to "warn"`,
  );
}

/** A failed validation with the versions of both sides in its message; any other error as it is. */
export function withVersions(error: RpcError, versions: Versions & { readonly isServer: boolean }): RpcError {
  if (!isMismatch(error) && !hasIssues(error)) return error;
  const { status, method, details, cause, code } = error;
  const { local, remote, isServer } = versions;
  const [own, other] = isServer ? ["the server", "the client"] : ["the client", "the server"];
  const named = `${own} was built with ${describeContract(local)}, ${other} with ${describeContract(remote)}`;
  return new RpcError(status, `${error.message}; the contracts differ: ${named}`, { method, details, cause, code });
}

function hasIssues({ status, details }: RpcError): boolean {
  const issues = (details as Partial<BadRequestDetails> | null | undefined)?.issues;
  return status === "BAD_REQUEST" && Array.isArray(issues) && issues.length > 0;
}
