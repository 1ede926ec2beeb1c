const GENERATION = /^[0-9a-f]{16}$/;

/** Whether `name` is that of a generation: 16 lowercase hex digits. */
export function isGenerationName(name: string): boolean {
  return GENERATION.test(name);
}
