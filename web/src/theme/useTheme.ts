/** Light, dark or as the system says: the same switch in the rail, in the settings and under `T`. */
import { useMantineColorScheme, type MantineColorScheme } from '@mantine/core';

export const themes: { value: MantineColorScheme; label: string }[] = [
  { value: 'auto', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

export function useTheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const place = themes.findIndex((theme) => theme.value === colorScheme);
  return { theme: colorScheme, set: setColorScheme, next: () => setColorScheme(themes[(place + 1) % themes.length]!.value) };
}
