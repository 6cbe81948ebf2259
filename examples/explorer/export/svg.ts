// SPDX-License-Identifier: Apache-2.0
/**
 * The picture as one SVG that stands alone: what the page's style sheet says is written into it, in colours and
 * properties that slide programs and drawing programs know.
 */
const PROPERTIES = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
] as const;
const NAMESPACE = 'http://www.w3.org/2000/svg';
const MARGIN = 12;

export interface Picture {
  readonly svg: string;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** All pictures and captions within an element, where they are on the page. */
export function pictureOf(stage: Element): Picture {
  const colour = colours();
  const frame = stage.getBoundingClientRect();
  const drawn = [...stage.querySelectorAll('svg, canvas, h3, figcaption, .caption')].flatMap((element) => {
    // Of words only what they take up, not the width of their paragraph.
    const box = extentOf(element);
    const place = { x: box.x - frame.x + MARGIN, y: box.y - frame.y + MARGIN, width: box.width, height: box.height };
    return box.width > 0 ? [{ element, place }] : [];
  });
  const width = Math.ceil(Math.max(...drawn.map(({ place }) => place.x + place.width))) + MARGIN;
  const height = Math.ceil(Math.max(...drawn.map(({ place }) => place.y + place.height))) + MARGIN;
  const root = document.createElementNS(NAMESPACE, 'svg');
  for (const [name, value] of Object.entries({ xmlns: NAMESPACE, width, height, viewBox: `0 0 ${width} ${height}` }))
    root.setAttribute(name, `${value}`);
  const paper = document.createElementNS(NAMESPACE, 'rect');
  paper.setAttribute('width', '100%');
  paper.setAttribute('height', '100%');
  paper.setAttribute('fill', colour(getComputedStyle(stage.closest('.panel')!).backgroundColor).hex);
  root.append(paper);
  for (const { element, place } of drawn) {
    if (element instanceof SVGSVGElement) root.append(standalone(element, place, colour));
    else if (element instanceof HTMLCanvasElement) root.append(image(element, place));
    else root.append(lines(element, place, colour));
  }
  return { svg: new XMLSerializer().serializeToString(root), width, height };
}

type Place = Readonly<Record<'x' | 'y' | 'width' | 'height', number>>;
type Colours = (css: string) => { hex: string; opacity: number };

function extentOf(element: Element): DOMRect {
  if (element instanceof SVGSVGElement || element instanceof HTMLCanvasElement) return element.getBoundingClientRect();
  const range = document.createRange();
  range.selectNodeContents(element);
  return range.getBoundingClientRect();
}

function put(element: Element, place: Place): void {
  for (const [name, value] of Object.entries(place)) element.setAttribute(name, value.toFixed(1));
}

/** A copy of an SVG element with its computed style in attributes. */
function standalone(original: SVGSVGElement, place: Place, colour: Colours): Element {
  const copy = original.cloneNode(true) as SVGSVGElement;
  const [from, to] = [original, copy].map((svg) => [...svg.querySelectorAll<SVGElement>('*')]);
  from.forEach((element, n) => {
    const style = getComputedStyle(element);
    const target = to[n];
    for (const name of ['style', 'class', ...target.getAttributeNames().filter((own) => own.startsWith('data-'))])
      target.removeAttribute(name);
    for (const property of PROPERTIES) {
      const value = style.getPropertyValue(property);
      if ((property === 'fill' || property === 'stroke') && value !== 'none') {
        const { hex, opacity } = colour(value);
        target.setAttribute(property, hex);
        if (opacity < 1) target.setAttribute(`${property}-opacity`, opacity.toFixed(2));
      } else target.setAttribute(property, value);
    }
    if (style.transform !== 'none') target.setAttribute('transform', style.transform);
    if (style.opacity !== '1') target.setAttribute('opacity', style.opacity);
  });
  for (const name of copy.getAttributeNames()) if (name !== 'viewBox') copy.removeAttribute(name);
  put(copy, place);
  return copy;
}

function image(canvas: HTMLCanvasElement, place: Place): Element {
  const element = document.createElementNS(NAMESPACE, 'image');
  put(element, place);
  element.setAttribute('style', 'image-rendering: pixelated');
  element.setAttribute('href', canvas.toDataURL());
  return element;
}

/** The lines of a paragraph, where the page breaks them. */
function lines(paragraph: Element, place: Place, colour: Colours): Element {
  const style = getComputedStyle(paragraph);
  const group = document.createElementNS(NAMESPACE, 'g');
  const broken: { bottom: number; words: string[] }[] = [];
  const top = extentOf(paragraph).y;
  const range = document.createRange();
  const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    for (const word of (node.textContent ?? '').matchAll(/\S+/g)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const bottom = range.getBoundingClientRect().bottom - top;
      if (broken.length > 0 && Math.abs(broken.at(-1)!.bottom - bottom) < 3) broken.at(-1)!.words.push(word[0]);
      else broken.push({ bottom, words: [word[0]] });
    }
  for (const { bottom, words } of broken) {
    const element = document.createElementNS(NAMESPACE, 'text');
    element.setAttribute('x', place.x.toFixed(1));
    element.setAttribute('y', (place.y + bottom - parseFloat(style.fontSize) * 0.25).toFixed(1));
    element.setAttribute('fill', colour(style.color).hex);
    element.setAttribute('font-family', style.fontFamily);
    element.setAttribute('font-size', style.fontSize);
    element.setAttribute('font-weight', style.fontWeight);
    element.textContent = words.join(' ');
    group.append(element);
  }
  return group;
}

/** Any colour of CSS as hexadecimal digits and an opacity. */
function colours(): Colours {
  const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', {
    willReadFrequently: true,
  })!;
  const known = new Map<string, { hex: string; opacity: number }>();
  return (css) => {
    const found = known.get(css);
    if (found) return found;
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = css;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    const hex = `#${[r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
    const made = { hex, opacity: a / 255 };
    known.set(css, made);
    return made;
  };
}
