/** The server's nouns, by the names the UI uses. The shapes are generated from its OpenAPI. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Me = Schemas['Me'];
export type ApiKey = Schemas['ApiKey'];
export type CreatedKey = Schemas['CreatedKey'];
export type Provider = Schemas['Provider'];
export type ProviderCheck = Schemas['ProviderCheck'];
export type Model = Schemas['Model'];
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
export type Span = Schemas['Span'];
export type SpanKind = Span['kind'];
export type Replay = Schemas['Replay'];
export type Histogram = Schemas['Histogram'];
export type Overview = Schemas['Overview'];
