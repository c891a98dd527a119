/** What the address of the gateway may say: which part is open, what is looked for, and what is tried. */
export const sections = [
  { name: 'routes', label: 'Routes' },
  { name: 'models', label: 'Models' },
  { name: 'providers', label: 'Providers' },
  { name: 'guardrails', label: 'Guardrails' },
  { name: 'caches', label: 'Caches & routers' },
  { name: 'tools', label: 'MCP servers' },
] as const;

export type Section = (typeof sections)[number]['name'];

export interface GatewayAddress {
  q?: string;
  /** The model or alias in the test call. */
  model?: string;
}

export function readGateway(search: Record<string, unknown>): GatewayAddress {
  const found: GatewayAddress = {};
  if (typeof search.q === 'string' && search.q) found.q = search.q;
  if (typeof search.model === 'string' && search.model) found.model = search.model;
  return found;
}
