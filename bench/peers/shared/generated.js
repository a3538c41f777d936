/** A module that `npm run bench` generates from bench/schema before it measures. */
export async function generated(name) {
  return await import(new URL(`../../generated/${name}`, import.meta.url).href);
}
