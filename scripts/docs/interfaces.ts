// Reads the option interfaces of the runtime: the type and the TSDoc of each member are the type and the text of its row.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { Project }: typeof import("ts-morph") = createRequire(`${ROOT}codegen/package.json`)("ts-morph");

/** A member of an interface, as its source has it. */
export interface Member {
  readonly name: string;
  readonly type: string;
  /** The first sentence of the TSDoc. */
  readonly text: string;
  /** What follows `Default:` in the TSDoc. */
  readonly default?: string;
  readonly isRequired: boolean;
}

/** The members of each interface of the runtime's sources, by the interface's name; inherited ones are not among them. */
export function readInterfaces(): ReadonlyMap<string, readonly Member[]> {
  const project = new Project({ compilerOptions: { allowJs: false }, skipFileDependencyResolution: true });
  const found = project.addSourceFilesAtPaths(`${ROOT}runtime/src/**/*.ts`).flatMap((file) => file.getInterfaces());
  return new Map(
    found.map((one) => [one.getName(), firstOfEach(one.getMembers().flatMap((member) => toMember(member) ?? []))]),
  );
}

/** Of overloads, the first. */
function firstOfEach(members: readonly Member[]): readonly Member[] {
  return members.filter(({ name }, index) => members.findIndex((other) => other.name === name) === index);
}

function toMember(member: import("ts-morph").TypeElementTypes): Member | undefined {
  const kind = member.getKindName();
  if (kind !== "PropertySignature" && kind !== "MethodSignature") return undefined;
  const signature = member as import("ts-morph").PropertySignature | import("ts-morph").MethodSignature;
  const doc = plain(signature.getJsDocs()[0]?.getDescription() ?? "");
  const [, fallback] = /(?:^|\s)Default: (.+?)\.(?=\s|$)/.exec(doc) ?? [];
  const text = doc.replace(/(?:^|\s)Default: .+?\.(?=\s|$)/, "").trim();
  return {
    name: signature.getName(),
    type: typeOf(signature),
    text: /^.+?\.(?=\s|$)/.exec(text)?.[0] ?? text,
    ...(fallback !== undefined && { default: fallback }),
    isRequired: !signature.hasQuestionToken(),
  };
}

function typeOf(signature: import("ts-morph").PropertySignature | import("ts-morph").MethodSignature): string {
  const node = "getTypeNode" in signature ? signature.getTypeNode() : undefined;
  const text =
    node?.getText() ??
    signature
      .getText()
      .replace(/^[\s\S]*?\(/, "(")
      .replace(/;$/, "");
  const flat = text.replaceAll(/\s+/g, " ").replaceAll("readonly ", "").replace(/^\| /, "");
  // A function type of an option is read in its TSDoc and in the editor.
  return /=>/.test(flat) && flat.length > 60 ? flat.replace(/\(?\([^|]*=>.*$/, "function") : flat;
}

/** TSDoc as one line of Markdown. */
function plain(doc: string): string {
  return doc
    .replaceAll(/\{@link (?:\w+\.)?(\w+)\}/g, "`$1`")
    .replaceAll(/\s+/g, " ")
    .trim();
}
