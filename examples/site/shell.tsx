// SPDX-License-Identifier: Apache-2.0
/** What all pages share: the style, the header with its links, light and dark. */
import './style.css';
import { type ComponentChildren, type VNode, render } from 'preact';
import { useState } from 'preact/hooks';

export const PAGES = [
  {
    folder: 'compare',
    title: 'Comparison lab',
    text:
      'Time every variant and stock, on every backend this browser has, on layers of real networks or your own. ' +
      'Every result is checked.',
  },
  {
    folder: 'explorer',
    title: 'Arithmetic explorer',
    text:
      'What a transposed convolution is, in eight steps: stamps, stride, crop, phases, cost, checkerboards. Then a ' +
      'workbench for your own sizes and weights, with the code to copy.',
  },
  {
    folder: 'decoder',
    title: 'Decoder',
    text: 'Train a variational autoencoder and drag through its latent plane, decoded live.',
  },
  {
    folder: 'gan',
    title: 'GAN',
    text: 'Train a DCGAN or a WGAN-GP on handwritten-like digits, and have a classifier judge what it makes.',
  },
] as const;

type Theme = 'auto' | 'light' | 'dark';
const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem('theme') as Theme;
    return THEMES.includes(stored) ? stored : 'auto';
  } catch {
    return 'auto'; // Storage is forbidden.
  }
}

function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem('theme', theme);
  } catch {
    // It lasts for this page only, then.
  }
}

function ThemeButton(): VNode {
  const [theme, setTheme] = useState(storedTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  const change = (): void => {
    applyTheme(next);
    setTheme(next);
  };
  return (
    <button class="quiet" onClick={change} title={`Colours: ${theme}; change to ${next}`}>
      {{ auto: '◐ auto', light: '☀ light', dark: '☾ dark' }[theme]}
    </button>
  );
}

interface ShellProps {
  /** The folder of the page; none for the home page. */
  page?: (typeof PAGES)[number]['folder'];
  lead: string;
  children: ComponentChildren;
}

function Shell({ page, lead, children }: ShellProps): VNode {
  const up = page ? '../' : './';
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header>
        <a class="brand" href={`${up}index.html`}>
          tfjs-conv2d-transpose
        </a>
        <nav aria-label="Pages">
          {PAGES.map(({ folder, title }) => (
            <a href={`${up}${folder}/index.html`} aria-current={folder === page ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <ThemeButton />
      </header>
      <main id="content">
        <h1>{PAGES.find(({ folder }) => folder === page)?.title ?? 'Transposed convolution in TensorFlow.js'}</h1>
        <p class="lead">{lead}</p>
        {children}
      </main>
    </>
  );
}

/** Puts a page on the screen. */
export function showPage(props: ShellProps): void {
  applyTheme(storedTheme());
  render(<Shell {...props} />, document.body);
}
