import {
  type ErrorStatus,
  isErrorStatus,
  isRuntimeStatus,
  type JsonSchema,
  type SchemaOf,
  STATUSES,
} from "sshrpc/contract";
import { type Ask, Memo } from "../../base/memo.js";
import { type ApiModel, allMethods, type MethodModel, type TypeUse } from "../../model/api-model.js";
import { pascalStatus } from "../../model/names.js";
import { type EmitOptions, NOT_FORMATTED } from "../target.js";
import { errorTypeNames } from "./naming.js";
import { sentTypes } from "./sent-types.js";
import { runtimeType, TextFile } from "./text-file.js";
import { commentOf } from "./type/comment-of.js";
import { atom, layout, layoutMembers, printComment, type TypeText } from "./type/layout.js";
import { stringLiteral } from "./type/literal.js";
import { typeText } from "./type/type-text.js";
import { declaredTypes, isInline, ownTypes, schemasOf } from "./type-use.js";

/** The declarations of types, by their schemas. */
const declarations = new Memo<readonly string[]>();

const ERRORS = Object.keys(STATUSES).filter(isErrorStatus);

/** `types.d.ts`: the named types of the schema, and the requests, items, responses and errors of each method. */
export function emitTypes(model: ApiModel, { header }: EmitOptions): string {
  const sent = sentTypes(model);
  const taken = new Set([...declaredTypes(model), ...sent.values()]);
  const file = new TextFile({ taken });
  const schemaOf = schemasOf(model);
  const ask: Ask = (question) =>
    question.startsWith(SCHEMA) ? schemaOf(question.slice(SCHEMA.length)) : sent.get(question.slice(SENT.length));
  const declareBoth = (name: string, schema: JsonSchema, purpose = ""): readonly string[] =>
    declarations.get(schema, `${name} ${purpose}`, ask, (inner) => declareUses(name, schema, purpose, inner));
  const blocks = model.types.flatMap(({ name, schema }) => declareBoth(name, schema));
  const others = new OtherStatuses(taken);
  for (const method of allMethods(model)) {
    for (const use of ownTypes(method)) blocks.push(...declareBoth(use.name, use.schema, purposeOf(use, method)));
    if (method.errors.length > 0) blocks.push(...errorTypes(method, file, others));
  }
  if (blocks.length === 0) blocks.push("export {};\n");
  file.write([...blocks, ...others.declarations].join("\n"));
  return file.print(header);
}

/** The questions of declarations: for the schema of a type, and for the name of the type that callers send in its place. */
const [SCHEMA, SENT] = ["schema ", "sent "];

/** A type, and how callers send it where that differs. */
function declareUses(name: string, schema: JsonSchema, purpose: string, ask: Ask): readonly string[] {
  const schemaOf: SchemaOf = (other) => ask(SCHEMA + other) as JsonSchema | undefined;
  const sentAs = (other: string): string | undefined => ask(SENT + other) as string | undefined;
  const own = declare(
    name,
    commentOf(schema, { schemaOf, purpose }),
    typeText(schema, { spell: (other) => other, schemaOf }),
  );
  const input = sentAs(name);
  if (input === undefined) return [own];
  const note = `${name} as callers send it: its arrays may be read-only.`;
  const both = commentOf(schema, { schemaOf, purpose, note });
  const type = typeText(schema, { spell: (other) => sentAs(other) ?? other, schemaOf, readonlyArrays: true });
  return [own, declare(input, both, type)];
}

function declare(name: string, comment: string, type: TypeText): string {
  const head = printComment(comment, 0);
  if (type.kind === "object") return `${head}export interface ${name} {\n${layoutMembers(type.members, 2)}}\n`;
  return `${head}${alias(`export type ${name}`, type)}`;
}

function alias(head: string, type: TypeText): string {
  const text = layout(type, 0, head.length + 3);
  if (!text.startsWith("\n")) return `${head} = ${text};\n`;
  // Of a union that fits on the next line, Biome prints a line for each member, and Prettier one line.
  const isDisputed = !layout(type, 2, 2).startsWith("\n");
  return `${isDisputed ? NOT_FORMATTED : ""}${head} =${text};\n`;
}

function purposeOf(use: TypeUse, method: MethodModel): string {
  if (use === method.request) return `The request of ${method.id}.`;
  if (use === method.requestStream) return `An item of the request stream of ${method.id}.`;
  if (use === method.responseStream) return `An item of the response stream of ${method.id}.`;
  if (use === method.response) return `The response of ${method.id}.`;
  const error = method.errors.find((one) => one === use);
  return error === undefined ? "" : `The details of ${error.status} from ${method.id}.`;
}

/** Those of earlier runs. */
const ERROR_TYPES = new Memo<readonly string[]>();

/** The details by status, which handlers use, and the union of all errors, which callers use. */
function errorTypes(method: MethodModel, file: TextFile, others: OtherStatuses): readonly string[] {
  const names: ErrorNames = {
    rpcError: file.use(runtimeType("RpcError")),
    badRequest: file.use(runtimeType("BadRequestDetails")),
    other: others.nameWithout(new Set(method.errors.map(({ status }) => status))),
  };
  const use = Object.values(names).join(" ");
  return ERROR_TYPES.get(
    method,
    use,
    () => undefined,
    () => declareErrors(method, names),
  );
}

interface ErrorNames {
  readonly rpcError: string;
  readonly badRequest: string;
  /** The type of all other statuses. */
  readonly other: string | undefined;
}

function declareErrors(
  { typeName, errors, id }: MethodModel,
  { rpcError, badRequest, other }: ErrorNames,
): readonly string[] {
  const names = errorTypeNames(typeName);
  const details = errors.map((error) => ({
    status: error.status,
    type: isInline(error.schema) ? typeText(error.schema, { spell: (name) => name }) : atom(error.name),
  }));
  const errorOf = (status: string, type: string): TypeText => atom(`${rpcError}<${status}, ${type}>`);
  const branches = details.map(({ status, type }) => {
    const own = layout(type, 2, 0);
    // The runtime also uses some of these statuses, with its own details or without details.
    if (status === "BAD_REQUEST") return errorOf(stringLiteral(status), `${own} | ${badRequest}`);
    return errorOf(stringLiteral(status), isRuntimeStatus(status) ? `${own} | undefined` : own);
  });
  if (errors.every(({ status }) => status !== "BAD_REQUEST")) branches.push(errorOf('"BAD_REQUEST"', badRequest));
  if (other !== undefined) branches.push(errorOf(other, "unknown"));
  const members = details.map(({ status, type }) => ({ comment: "", head: status, type }));
  return [
    `${printComment(`The errors that ${id} declares, each with its details.`, 0)}export interface ${names.details} {\n${layoutMembers(members, 2)}}\n`,
    `${printComment(`Every error of a call of ${id}.`, 0)}${alias(`export type ${names.union}`, { kind: "union", items: branches })}`,
  ];
}

/** The types for the statuses that methods do not declare, each shared by all methods that declare the same. */
class OtherStatuses {
  readonly #taken: Set<string>;
  readonly #types = new Map<string, { readonly name: string; readonly text: string }>();

  /** @param taken the names of other types, to which it adds its own */
  constructor(taken: Set<string>) {
    this.#taken = taken;
  }

  get declarations(): readonly string[] {
    return [...this.#types.values()].map(({ text }) => text);
  }

  /** The name of the type of all statuses outside `declared`; undefined if there are none. */
  nameWithout(declared: ReadonlySet<ErrorStatus>): string | undefined {
    const named = ERRORS.filter((status) => declared.has(status) && status !== "BAD_REQUEST");
    const key = named.join(" ");
    const existing = this.#types.get(key);
    if (existing !== undefined) return existing.name;
    const rest = ERRORS.filter((status) => !declared.has(status) && status !== "BAD_REQUEST");
    if (rest.length === 0) return undefined;
    let name = `StatusOtherThan${named.map(pascalStatus).join("Or") || "BadRequest"}`;
    while (this.#taken.has(name)) name += "_";
    this.#taken.add(name);
    const type: TypeText = { kind: "union", items: rest.map((status) => atom(stringLiteral(status))) };
    this.#types.set(key, { name, text: alias(`type ${name}`, type) });
    return name;
  }
}
