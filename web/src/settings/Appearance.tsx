/** Theme and text size of this browser. */
import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { Card } from '../parts/Card';
import { sizes, setTextSize, textSize } from '../theme/textSize';
import { themes, useTheme } from '../theme/useTheme';
import look from './Settings.module.css';

export function Appearance() {
  const { theme, set } = useTheme();
  const [size, setSize] = useState(textSize());
  return (
    <Card flush>
      <div className={look.line}>
        <div>
          Theme
          <p className={look.sub}>System follows light and dark of your device.</p>
        </div>
        <SegmentedControl aria-label="Theme" data={themes} value={theme} onChange={(value) => set(value as typeof theme)} />
      </div>
      <div className={look.line}>
        <div>
          Text
          <p className={look.sub}>Larger sets everything in 15 px instead of 13.</p>
        </div>
        <SegmentedControl
          aria-label="Text size"
          data={sizes}
          value={size}
          onChange={(value) => {
            setTextSize(value as typeof size);
            setSize(value as typeof size);
          }}
        />
      </div>
    </Card>
  );
}
