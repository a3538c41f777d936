import { defineApi } from "sshrpc/schema";
import Type from "typebox";

export const Level = Type.Enum({ Low: "low", High: "high", Zero: 0 });
export const Direction = Type.Union([Type.Literal("north"), Type.Literal("south"), Type.Literal('"quoted"')]);
export const Point = Type.Tuple([Type.Number(), Type.Number()]);
export const Scores = Type.Record(Type.String(), Type.Integer());
export const ByDirection = Type.Record(Type.Union([Type.Literal("up"), Type.Literal("down")]), Point);
export const ById = Type.Record(Type.Integer(), Type.String());
export const Code = Type.TemplateLiteral("code-${number}");

export const Formats = Type.Object({
  date: Type.String({ format: "date" }),
  at: Type.String({ format: "date-time" }),
  id: Type.String({ format: "uuid" }),
  mail: Type.String({ format: "email" }),
  link: Type.String({ format: "uri" }),
  v4: Type.String({ format: "ipv4" }),
});

export const Everything = Type.Object({
  any: Type.Any(),
  unknown: Type.Unknown(),
  never: Type.Optional(Type.Never()),
  nothing: Type.Null(),
  empty: Type.Object({}),
  anything: Type.Unsafe<Record<string, unknown>>({ type: "object" }),
  flag: Type.Boolean(),
  count: Type.Integer({ minimum: 0 }),
  ratio: Type.Number({ minimum: 0, maximum: 1 }),
  unique: Type.Array(Type.String({ maxLength: 5 }), { uniqueItems: true, minItems: 1, maxItems: 3 }),
  matrix: Type.Array(Type.Array(Type.Number())),
  nullable: Type.Union([Type.String(), Type.Null()]),
  answer: Type.Literal(42),
  yes: Type.Literal(true),
  mixed: Type.Unsafe<string | number>({ type: ["string", "integer"] }),
  level: Level,
  levels: Type.Array(Level),
  direction: Direction,
  longUnion: Type.Union([
    Type.Literal("a rather long literal to fill the line"),
    Type.Literal("another rather long literal to fill the line"),
    Type.Literal("and a third rather long literal to fill the line"),
  ]),
  longList: Type.Optional(
    Type.Array(
      Type.Union([
        Type.Literal("a rather long literal to fill the line"),
        Type.Literal("another rather long literal to fill the line"),
        Type.Literal("and a third rather long literal to fill the line"),
      ]),
    ),
  ),
  point: Point,
  triple: Type.Tuple([Type.String(), Point, Type.Object({ z: Type.Number() })]),
  scores: Scores,
  deepScores: Type.Record(Type.String(), Type.Record(Type.String(), Type.Object({ n: Type.Integer() }))),
  byDirection: ByDirection,
  byId: ById,
  code: Code,
  formats: Formats,
});

export default defineApi({
  name: "shapes",
  version: "1.0.0",
  resources: {
    everything: { STORE: { request: Everything, response: Everything } },
    text: { UPDATE: { request: Type.String(), response: Level } },
    file: {
      path: "/files/{name}/{part}/{rate}/{on}/{side}",
      GET: {
        request: Type.Object({
          name: Type.String({ minLength: 1 }),
          part: Type.Integer(),
          rate: Type.Number(),
          on: Type.Boolean(),
          side: Direction,
        }),
        response: Type.Tuple([]),
      },
    },
  },
});
