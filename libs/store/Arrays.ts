// Arrays as parameters of `unnest`: the driver names an array's type by its elements, and fails when all of them are null.
// For everyone who binds arrays whose elements may be null. What does not belong here: arrays without nulls, they just work.

/** Such an array, or its literal where there is nothing but nulls. Cast it: `${nullable(names)}::text[]`. */
export const nullable = (values: ReadonlyArray<string | null>): ReadonlyArray<string | null> | string =>
  values.length === 0 || values.some((value) => value !== null) ? values : `{${values.map(() => "NULL").join(",")}}`
