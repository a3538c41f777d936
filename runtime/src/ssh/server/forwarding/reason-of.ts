/** Why something was refused, for the log, and what its peer is told. */
export function reasonOf(answer: unknown): { readonly reason: string; readonly told: string } {
  const { deny, failed } = (typeof answer === "object" && answer !== null ? answer : {}) as Record<string, unknown>;
  if (typeof deny === "string") return { reason: deny, told: deny };
  return { reason: typeof failed === "string" ? failed : "it is not allowed", told: "" };
}
