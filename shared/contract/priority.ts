/** How soon a generation is searched: `low` costs less and mostly waits until nothing else does. */
export const PRIORITIES = ['standard', 'low'] as const
export type Priority = (typeof PRIORITIES)[number]
export const DEFAULT_PRIORITY: Priority = 'standard'
