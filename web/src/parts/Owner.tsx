/** Where a value comes from, and so where one changes it: a file, the environment, or here. */
import { Tag } from './Tag';

export function Owner({ owner }: { owner: string }) {
  if (owner === 'file' || owner.startsWith('file:')) {
    const file = owner.slice('file:'.length) || 'quarterdeck.yaml';
    return <Tag title={`Declared in ${file}: change it there and apply it`}>{file}</Tag>;
  }
  if (owner.startsWith('env:')) return <Tag title="Taken from the environment at start; change it there">{owner.slice(4)}</Tag>;
  if (owner === 'built-in') return <Tag>built in</Tag>;
  return <Tag title="Made here or by the API: it can be changed here">set here</Tag>;
}
