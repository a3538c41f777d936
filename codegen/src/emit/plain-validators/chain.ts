/** A condition, and the statement for values that meet it. */
export interface Test {
  readonly fails: string;
  readonly report: string;
}

/** A test, or lines. In the mode "first", lines come last. */
export type Step = Test | readonly string[];

/** Steps of which the first that fails ends the others. */
export type Chain = readonly Step[];

/** Whether a step is a test. */
export function isTest(step: Step): step is Test {
  return "fails" in step;
}

/** Lines in braces. @param tail what follows the closing brace */
export function block(head: string, lines: readonly string[], tail = ""): readonly string[] {
  return [head, ...lines.map((line) => `  ${line}`), `}${tail}`];
}

/** Steps of which the first that fails ends the others. */
export function printChain(steps: readonly Step[]): readonly string[] {
  return steps.flatMap((step, index) => {
    const otherwise = index === 0 ? "" : "else ";
    if (isTest(step)) return [`${otherwise}if (${step.fails}) ${step.report}`];
    const [head = "", ...tail] = step;
    return [otherwise + head, ...tail];
  });
}

/** The chains for a value that may be absent. */
export function ifPresent(value: string, chains: readonly Chain[]): readonly string[] {
  const [first = []] = chains;
  const [only] = first;
  if (chains.length > 1 || first.length > 1 || only === undefined || !isTest(only)) {
    return block(`if (${value} !== undefined) {`, chains.flatMap(printChain));
  }
  const fails = only.fails.includes(" || ") ? `(${only.fails})` : only.fails;
  return [`if (${value} !== undefined && ${fails}) ${only.report}`];
}

/** The access to a property. */
export function access(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** The expression for a path below another. @param end an expression for the rest */
export function below(path: string, text: string, end = ""): string {
  const quoted = JSON.stringify(text);
  const joined = path.endsWith('"') ? path.slice(0, -1) + quoted.slice(1) : `${path} + ${quoted}`;
  return end === "" ? joined : `${joined} + ${end}`;
}
