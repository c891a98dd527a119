/** What all columns share: instructions, question, images, parameters, tools, and the shape of the answer. */
import { ActionIcon, Button, Checkbox, Textarea, TextInput } from '@mantine/core';
import { IconPhotoPlus, IconX } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import form from '../parts/Form.module.css';
import type { Setup } from './setup';
import look from './Playground.module.css';

interface Props {
  setup: Setup;
  onChange: (news: Partial<Setup>) => void;
}

const tall = { input: { height: 'auto', lineHeight: 1.5, paddingBlock: 6, resize: 'vertical' as const } };
const code = { input: { ...tall.input, fontFamily: 'var(--mono)', fontSize: '0.75rem' } };

export function SetupForm({ setup, onChange }: Props) {
  return (
    <section className={look.setup} aria-label="What is asked" tabIndex={0}>
      <Textarea label="System prompt" rows={3} styles={tall} placeholder="You are a helpful assistant." value={setup.system} onChange={(event) => onChange({ system: event.currentTarget.value })} />
      {!setup.separate && <Textarea label="Question" rows={6} styles={tall} autoFocus placeholder="Ask all of them…" value={setup.ask} onChange={(event) => onChange({ ask: event.currentTarget.value })} />}
      <Checkbox
        label="A question of its own for each column"
        checked={setup.separate}
        onChange={(event) => onChange(event.currentTarget.checked ? { separate: true, columns: setup.columns.map((column) => ({ ...column, ask: column.ask || setup.ask })) } : { separate: false, ask: setup.ask || (setup.columns[0]?.ask ?? '') })}
      />
      <div className={form.pair} style={{ gridTemplateColumns: 'repeat(3, 1fr)', gap: 8 }}>
        <TextInput label="Temperature" inputMode="decimal" placeholder="its own" value={setup.temperature} onChange={(event) => onChange({ temperature: event.currentTarget.value })} />
        <TextInput label="Top p" inputMode="decimal" placeholder="its own" value={setup.top_p} onChange={(event) => onChange({ top_p: event.currentTarget.value })} />
        <TextInput label="Most tokens" inputMode="numeric" placeholder="its own" value={setup.max_tokens} onChange={(event) => onChange({ max_tokens: event.currentTarget.value })} />
      </div>
      <Images setup={setup} onChange={onChange} />
      <details className={form.more} open={setup.tools !== '' || undefined}>
        <summary>Tools</summary>
        <Textarea aria-label="Tools, as JSON" rows={7} styles={code} placeholder={'[{"type": "function", "function": {"name": "weather", "parameters": {}}}]'} value={setup.tools} onChange={(event) => onChange({ tools: event.currentTarget.value })} />
      </details>
      <details className={form.more} open={setup.schema !== '' || undefined}>
        <summary>JSON schema of the answer</summary>
        <Textarea aria-label="JSON schema of the answer" rows={7} styles={code} placeholder={'{"type": "object", "properties": {}, "required": []}'} value={setup.schema} onChange={(event) => onChange({ schema: event.currentTarget.value })} />
      </details>
    </section>
  );
}

function Images({ setup, onChange }: Props) {
  const [address, setAddress] = useState('');
  const files = useRef<HTMLInputElement>(null);
  const add = (...images: string[]) => onChange({ images: [...setup.images, ...images] });
  return (
    <div className={form.rows}>
      <div className={form.row}>
        <TextInput
          className={form.grow}
          aria-label="Address of an image"
          placeholder="Address of an image"
          value={address}
          onChange={(event) => setAddress(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !address.trim()) return;
            event.preventDefault();
            add(address.trim());
            setAddress('');
          }}
        />
        <Button leftSection={<IconPhotoPlus size={14} stroke={1.7} />} onClick={() => files.current?.click()}>
          File
        </Button>
        <input
          ref={files}
          type="file"
          accept="image/*"
          multiple
          hidden
          onChange={(event) => {
            const chosen = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = '';
            void Promise.all(chosen.map(dataOf)).then((found) => add(...found));
          }}
        />
      </div>
      {setup.images.length > 0 && (
        <div className={look.images}>
          {setup.images.map((image, n) => (
            <span key={image.slice(0, 80) + n} className={look.image} title={image.slice(0, 120)}>
              {/* Only what is already here is shown: an address elsewhere is for the model to fetch, not for this page. */}
              {image.startsWith('data:') ? <img src={image} alt="" /> : image.split('/').pop()}
              <ActionIcon size={18} aria-label={`Remove image ${n + 1}`} onClick={() => onChange({ images: setup.images.filter((_, at) => at !== n) })}>
                <IconX size={11} />
              </ActionIcon>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

function dataOf(file: File): Promise<string> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => done(String(reader.result)));
    reader.addEventListener('error', () => failed(reader.error ?? new Error('The file could not be read.')));
    reader.readAsDataURL(file);
  });
}
