/** What the address of the playground may say: all of its setup but images from this machine, so that a link shows somebody else the same. */
import type { Column, Setup } from './setup';

export interface PlaygroundAddress {
  /** The models side by side, separated by commas. */
  models?: string;
  system?: string;
  ask?: string;
  /** Questions of single columns, as JSON; the columns share one otherwise. */
  own?: string;
  temperature?: string;
  top_p?: string;
  max_tokens?: string;
  tools?: string;
  schema?: string;
  /** Addresses of images, separated by spaces. */
  images?: string;
}

const words = ['models', 'system', 'ask', 'own', 'temperature', 'top_p', 'max_tokens', 'tools', 'schema', 'images'] as const;

export function readPlayground(search: Record<string, unknown>): PlaygroundAddress {
  return Object.fromEntries(words.flatMap((name) => (typeof search[name] === 'string' && search[name] !== '' ? [[name, search[name]]] : [])));
}

export function setupOf(address: PlaygroundAddress, models: string[] = []): Setup {
  const own = ownOf(address.own);
  const chosen = address.models ? address.models.split(',').filter(Boolean) : models;
  return {
    system: address.system ?? '',
    ask: address.ask ?? '',
    separate: own !== null,
    columns: (chosen.length ? chosen : ['']).map((model, n): Column => ({ id: n + 1, model, ask: own?.[n] ?? '' })),
    temperature: address.temperature ?? '',
    top_p: address.top_p ?? '',
    max_tokens: address.max_tokens ?? '',
    tools: address.tools ?? '',
    schema: address.schema ?? '',
    images: address.images ? address.images.split(' ').filter(Boolean) : [],
  };
}

export function addressOf(setup: Setup): PlaygroundAddress {
  const { system, ask, temperature, top_p, max_tokens, tools, schema } = setup;
  return readPlayground({
    system,
    ask,
    temperature,
    top_p,
    max_tokens,
    tools,
    schema,
    models: setup.columns.map((column) => column.model).join(','),
    own: setup.separate ? JSON.stringify(setup.columns.map((column) => column.ask)) : '',
    images: setup.images.filter((image) => !image.startsWith('data:')).join(' '),
  });
}

function ownOf(text: string | undefined): string[] | null {
  if (!text) return null;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map(String) : null;
  } catch {
    return null;
  }
}
