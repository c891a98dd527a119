/** Mantine in the clothes of the tokens: sizes, radii and colours come from `tokens.css`. Components are named, not imported, so that each page loads only its own. */
import { createTheme, localStorageColorSchemeManager, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';
import look from './mantine.module.css';

const violet: MantineColorsTuple = ['#eeeefe', '#dcdcfb', '#b9b9f5', '#a5a5fb', '#8b8bf5', '#7c7cf2', '#5b5bd6', '#4f4dc9', '#4a46c4', '#3b38a0'];

export const colorSchemes = localStorageColorSchemeManager({ key: 'quarterdeck-theme' });

const field = { input: look.input!, label: look.label!, description: look.description!, error: look.fieldError! };

export const theme = createTheme({
  primaryColor: 'violet',
  primaryShade: { light: 6, dark: 6 },
  colors: { violet },
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: 'var(--t-small)', sm: 'var(--t-base)', md: 'var(--t-base)', lg: 'var(--t-lead)', xl: 'var(--t-title)' },
  radius: { xs: '4px', sm: '7px', md: '7px', lg: '10px', xl: '12px' },
  defaultRadius: 'sm',
  respectReducedMotion: true,
  cursorType: 'pointer',
  activeClassName: '',
  components: {
    Button: { defaultProps: { size: 'sm', variant: 'default' }, classNames: { root: look.button! } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 28 }, classNames: { root: look.icon! } },
    TextInput: { defaultProps: { size: 'sm' }, classNames: field },
    Textarea: { defaultProps: { size: 'sm' }, classNames: field },
    PasswordInput: { defaultProps: { size: 'sm' }, classNames: { ...field, innerInput: look.innerInput! } },
    Select: { defaultProps: { size: 'sm', checkIconPosition: 'right', allowDeselect: false }, classNames: { ...field, dropdown: look.floating!, option: look.option! } },
    Autocomplete: { defaultProps: { size: 'sm' }, classNames: { ...field, dropdown: look.floating!, option: look.option! } },
    Menu: { defaultProps: { shadow: 'none', withInitialFocusPlaceholder: false, transitionProps: { duration: 100 } }, classNames: { dropdown: look.floating!, item: look.option!, label: look.menuLabel! } },
    Modal: {
      defaultProps: { centered: false, yOffset: '12vh', overlayProps: { backgroundOpacity: 0.4 }, transitionProps: { duration: 120, transition: 'fade' }, closeButtonProps: { 'aria-label': 'Close' } },
      classNames: { content: look.dialog!, header: look.dialogHead!, title: look.dialogTitle!, body: look.dialogBody! },
    },
    Checkbox: { defaultProps: { size: 'xs', radius: 'xs' } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: false, transitionProps: { duration: 80 } }, classNames: { tooltip: look.tooltip! } },
    SegmentedControl: { defaultProps: { size: 'sm' }, classNames: { root: look.segments!, label: look.segment!, indicator: look.segmentOn! } },
  },
});

const both = {
  '--mantine-color-body': 'var(--surface)',
  '--mantine-color-text': 'var(--fg)',
  '--mantine-color-bright': 'var(--fg)',
  '--mantine-color-dimmed': 'var(--fg-3)',
  '--mantine-color-placeholder': 'var(--fg-3)',
  '--mantine-color-anchor': 'var(--accent-fg)',
  '--mantine-color-error': 'var(--err)',
  '--mantine-color-default': 'var(--surface)',
  '--mantine-color-default-hover': 'var(--surface-2)',
  '--mantine-color-default-color': 'var(--fg)',
  '--mantine-color-default-border': 'var(--line-strong)',
  '--mantine-primary-color-filled': 'var(--accent-fill)',
  '--mantine-primary-color-filled-hover': 'var(--accent-fill-hover)',
  '--mantine-color-violet-filled': 'var(--accent-fill)',
  '--mantine-color-violet-filled-hover': 'var(--accent-fill-hover)',
  '--mantine-color-gray-light-color': 'var(--fg-2)',
  '--mantine-color-gray-light-hover': 'var(--sunken)',
};

export const variables: CSSVariablesResolver = () => ({ variables: {}, light: both, dark: both });
