/** As the API writes times: `2026-07-31T10:00:00Z`. */
export const toRfc3339 = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
