/**
 * Parses a decimal integer from `min` to `max`; undefined for any other text. Signs, spaces and leading zeros are refused: other
 * programs read `010` as 8.
 */
export function parseInteger(text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined || !/^(?:0|[1-9]\d{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}
