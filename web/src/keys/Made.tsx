/** A key that was just made, shown this once. */
import { Button } from '@mantine/core';
import { origin } from '../api/client';
import type { CreatedKey } from '../api/types';
import { CopyButton } from '../parts/CopyButton';
import form from '../parts/Form.module.css';
import { Snippet } from '../parts/Snippet';

export function Made({ made, onDone }: { made: CreatedKey; onDone: () => void }) {
  return (
    <div className={form.form}>
      <p>
        Copy <strong>{made.key.name}</strong> now. Only its hash is kept, so it cannot be shown again.
      </p>
      <div className={form.secret}>
        <code>{made.secret}</code>
        <CopyButton text={made.secret} label="Copy the key" size={28} />
      </div>
      <Snippet
        label="Use the key"
        languages={[
          { name: 'Shell', code: `export OPENAI_BASE_URL=${origin}/v1\nexport OPENAI_API_KEY=${made.secret}` },
          { name: 'Python', code: `from openai import OpenAI\n\nclient = OpenAI(base_url="${origin}/v1", api_key="${made.secret}")` },
        ]}
      />
      <div className={form.end}>
        <Button variant="filled" onClick={onDone}>
          I have copied it
        </Button>
      </div>
    </div>
  );
}
