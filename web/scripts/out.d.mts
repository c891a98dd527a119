export const outDir: string;
