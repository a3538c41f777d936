/** Why something was refused, for the log, and what its peer is told. */
export function reasonOf(answer: unknown): { readonly reason: string; readonly told: string } {
  const { refuse, failed } = (typeof answer === "object" && answer !== null ? answer : {}) as Record<string, unknown>;
  if (typeof refuse === "string") return { reason: refuse, told: refuse };
  return { reason: typeof failed === "string" ? failed : "it is not allowed", told: "" };
}
