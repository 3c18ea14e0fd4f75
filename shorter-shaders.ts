// What builds leave out of shaders, which are text that minifiers do not touch.

/**
 * Leaves indentation, comments and the spaces around operators and marks out of a shader, or of a module of shaders. Signs stay apart
 * that would read as another: `- -`, and `> =` behind a type.
 */
function shorter(text: string): string {
  return text
    .replaceAll(/(^|`|'(?= {2}))[ \t]+/gm, '$1')
    .replaceAll(/(^|[ \t]+)\/\/ (?:[^`'$\\\n]|'(?! ?[:,)}])|\$\{[^}`\n]*\})*(?=[`']|$)/gm, '')
    .replaceAll(/([;{(,\n])\n+/g, '$1')
    .replaceAll(/(?<=[\w\])}]) ([=!<>]=|[*/%+|&^-]=|&&|\|\||<<|>>|->|[=*/%+|&^<>-]) (?=[\w([~!$])/g, '$1')
    .replaceAll(/([,:;]) /g, '$1')
    .replaceAll(/ ?([{}]) ?/g, '$1')
    .replaceAll(/\}\n+(?=\})/g, '}')
    .replaceAll(/\b(if|for|while|return) \(/g, '$1(')
    .replaceAll(/\) (?=[@\w])/g, ')')
}

const mark = '/* wgsl */ `'

/** Changes the marked shaders of a module: from the mark to the end of the template, those within it included. */
function withinShaders(text: string, change: (shader: string) => string): string {
  const from = text.indexOf(mark)
  if (from < 0) return text
  const open = ['`']
  let at = from + mark.length
  for (; open.length > 0; at++) {
    const sign = text.startsWith('${', at) ? '${' : (text[at] as string)
    const last = open.at(-1)
    if (last === '`' ? sign === '`' : sign === '}') open.pop()
    else if (sign === '${' || sign === '`' || (sign === '{' && last !== '`')) open.push(sign)
    at += sign.length - 1
  }
  return text.slice(0, from) + change(text.slice(from, at)) + withinShaders(text.slice(at), change)
}

/** A module of shaders, or one that has some, with shaders as they are published: without what only readers need. */
export function withShorterShaders(path: string, text: string): string {
  return path.endsWith('.wgsl.ts') ? shorter(text) : withinShaders(text, shorter)
}
