import type { CombinedClient } from "../cases/combined/generated/client.js";
import type { Article } from "../cases/combined/generated/types.js";

/** Callers may send arrays that they cannot change, and get such that they can. */
export async function storeTags(client: CombinedClient, texts: readonly string[]): Promise<Article> {
  const tags: readonly { readonly text: string }[] = texts.map((text) => ({ text }));
  const article = await client.article.store({ name: "n", body: "b", tags });
  article.tags.push({ text: "stored" });
  return article;
}
