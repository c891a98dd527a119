/** The server's nouns, by the names the UI uses. The shapes are generated from its OpenAPI. */
import type { components } from './schema';

/** What the server sends is whole: also a field with a default, which OpenAPI calls optional, is always there. */
export type Whole<T> = T extends readonly (infer Item)[] ? Whole<Item>[] : T extends object ? { [Name in keyof T]-?: Whole<T[Name]> } : T;

type Schemas = Whole<components['schemas']>;

export type Me = Schemas['Me'];
export type ApiKey = Schemas['ApiKey'];
export type CreatedKey = Schemas['NewKey'];
export type Provider = Schemas['ConfiguredProvider'];
export type ProviderCheck = Schemas['ProviderCheck'];
export type Model = Schemas['ModelCard'];
export type Knowledge = Schemas['Knowledge'];
export type KnowledgeDetail = Schemas['KnowledgeDetail'];
export type Document = Schemas['Document'];
export type DocumentDetail = Schemas['DocumentDetail'];
export type Chunk = Schemas['Chunk'];
export type ChunkDetail = Schemas['ChunkDetail'];
export type FileReply = Schemas['FileReply'];
export type Hit = Schemas['Hit'];
export type App = Schemas['App'];
export type AppDetail = Schemas['AppDetail'];
export type Trace = Schemas['TraceSummary'];
export type TraceDetail = Schemas['TraceDetail'];
export type Span = Schemas['SpanDetail'];
export type SpanKind = Span['kind'];
export type Replay = Schemas['Replay'];
export type Histogram = Schemas['Histogram'];
export type Overview = Schemas['Overview'];
export type Alias = Schemas['AliasCard'];
export type TargetHealth = Schemas['TargetHealth'];
export type Plan = components['schemas']['Plan'];
export type TestCall = Schemas['TestCall'];
export type Guardrail = Schemas['Guardrail'];
export type GuardrailTrial = Schemas['GuardrailTrial'];
export type SemanticCache = Schemas['SemanticCacheCard'];
export type Router = Schemas['RouterCard'];
export type McpServer = Schemas['ConfiguredMcpServer'];
export type McpTool = Schemas['McpTool'];
export type Spend = Schemas['SpendReport'];
export type Forecast = Schemas['Forecast'];
export type Limit = Schemas['Limit'];
export type LimitUsage = Schemas['LimitUsage'];
export type LimitWish = components['schemas']['NewLimit'];
export type UnpricedModel = Schemas['UnpricedModel'];
export type Price = Schemas['ShownPrice'];
export type Team = Schemas['Team'];
export type KeyWish = components['schemas']['KeyWish'];
