/** What the names of variables that become metadata begin with. */
const PREFIX = "RPC_";

/**
 * The metadata that a session's environment gives to its calls: `RPC_TRACEPARENT` is `traceparent`, `RPC_REQUEST_ID` is
 * `request-id`. The limits of metadata hold, as on every way in.
 */
export function callMetadata(environment: ReadonlyMap<string, string>): Readonly<Record<string, string>> | undefined {
  const entries = [...environment].flatMap(([name, value]) =>
    name.startsWith(PREFIX) && name.length > PREFIX.length
      ? [[name.slice(PREFIX.length).toLowerCase().replaceAll("_", "-"), value] as const]
      : [],
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
