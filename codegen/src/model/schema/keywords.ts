/** TypeBox's pattern for the keys of a record with arbitrary keys. */
export const ANY_KEY = "^.*$";
