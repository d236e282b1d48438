/**
 * The 64 practices as controls: each a function from evidence to a status. Nothing here can be set by hand.
 *
 * Call first: {@link posture}.
 * Do not trust it with: judgement. Where only a person can decide, it says so and stays unlit.
 */

export { posture, severityFails } from './posture.ts';
export { PRACTICES, type Practice } from './practices.ts';
