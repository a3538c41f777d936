import { defineApi } from "sshrpc/schema";
import Type from "typebox";

export const Named = Type.Object({ name: Type.String() });
export const Tagged = Type.Object({ tags: Type.Array(Type.Object({ text: Type.String() })) });

/** Several parts make one object. */
export const Article = Type.Intersect([Named, Tagged, Type.Object({ body: Type.String() })]);
export const Short = Type.Intersect([Named, Type.Object({ at: Type.Object({ x: Type.Number(), y: Type.Number() }) })]);
export const Loose = Type.Object({ a: Type.String() }, { additionalProperties: true });
export const Strict = Type.Object({ a: Type.String() }, { additionalProperties: false });

export const Circle = Type.Object({ kind: Type.Literal("circle"), radius: Type.Number({ exclusiveMinimum: 0 }) });
export const Square = Type.Object({ kind: Type.Literal("square"), side: Type.Number({ exclusiveMinimum: 0 }) });
export const Polygon = Type.Object({
  kind: Type.Union([Type.Literal("pentagon"), Type.Literal("hexagon")]),
  edge: Type.Number(),
});

/** One of several. */
export const Shape = Type.Union([Circle, Square, Polygon]);

export default defineApi({
  name: "combined",
  version: "1.0.0",
  resources: {
    article: { STORE: { request: Article, response: Article } },
    short: { STORE: { request: Short, response: Short } },
    shape: { STORE: { request: Shape, response: Type.Union([Shape, Type.Null()]) } },
    loose: { STORE: { request: Type.Object({ loose: Loose, strict: Strict }), response: Strict } },
    deep: {
      STORE: {
        request: Type.Object({
          either: Type.Union([
            Type.Object({
              /** So the union takes several lines. */
              left: Type.String(),
            }),
            Type.Object({ right: Named }),
            Type.Null(),
          ]),
          list: Type.Array(Type.Union([Named, Tagged])),
          byKey: Type.Record(Type.String(), Named),
          pair: Type.Tuple([Named, Type.Optional(Tagged)]),
          both: Type.Optional(
            Type.Intersect([
              Named,
              Type.Object({
                /** With a comment. */
                extra: Type.Boolean(),
              }),
            ]),
          ),
          maybe: Type.Union([
            Type.Object({
              /** One object or null. */
              some: Type.String(),
            }),
            Type.Null(),
          ]),
          rows: Type.Optional(
            Type.Array(
              Type.Object({
                /** A cell. */
                cell: Type.String(),
              }),
            ),
          ),
          grid: Type.Array(
            Type.Union([
              Type.Object({
                /** Text. */
                text: Type.String(),
              }),
              Named,
            ]),
          ),
        }),
        response: Type.Intersect([Type.Object({ a: Type.String() }), Type.Object({ b: Type.Union([Named, Tagged]) })]),
      },
    },
  },
});
