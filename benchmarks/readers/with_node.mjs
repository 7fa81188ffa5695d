// Reads folders of results with one JavaScript reader of Parquet, and prints the rows as JSON.
// It runs in a folder of node_modules:  node --input-type=module -e "$(cat with_node.mjs)" hyparquet '{"parts": "FOLDER"}'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(join(process.cwd(), 'from-here.js'))

const READERS = {
  async hyparquet(file) {
    const { parquetReadObjects } = await import('hyparquet')
    const { DEFAULT_PARSERS } = await import('hyparquet/src/convert.js').catch(() => ({}))
    const content = readFileSync(file)
    const bytes = content.buffer.slice(content.byteOffset, content.byteOffset + content.length)
    // a Date of JavaScript has milliseconds
    const parsers = { ...DEFAULT_PARSERS, timestampFromMicroseconds: (micros) => micros }
    return parquetReadObjects({ file: bytes, parsers })
  },
  async 'parquet-wasm'(file) {
    const { readParquet } = require('parquet-wasm')
    const { tableFromIPC } = await import('apache-arrow')
    const table = tableFromIPC(readParquet(readFileSync(file)).intoIPCStream())
    const index = table.schema.fields.findIndex((field) => field.name === 'timestamp')
    const times = table.getChildAt(index)
    // arrow gives times in milliseconds; what lies below is in microseconds
    const micros = times.data.flatMap((data) => Array.from(data.values))
    return table.toArray().map((row, i) => ({ ...row.toJSON(), timestamp: micros[i] }))
  },
  async '@dsnp/parquetjs'(file) {
    const { ParquetReader } = require('@dsnp/parquetjs')
    const reader = await ParquetReader.openFile(file)
    const cursor = reader.getCursor()
    const rows = []
    for (let row = await cursor.next(); row; row = await cursor.next()) rows.push(row)
    await reader.close()
    return rows
  },
}

const cell = (value) => {
  if (typeof value === 'bigint') return { integer: value.toString() }
  if (value instanceof Date) return { milliseconds: value.getTime() }
  return value === undefined || Number.isNaN(value) ? null : value
}

const files = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.parquet'))
    .sort()
    .map((name) => join(folder, name))

const [name, folders] = process.argv.slice(1)
const found = {}
for (const [what, folder] of Object.entries(JSON.parse(folders))) {
  try {
    const rows = []
    for (const file of files(folder)) rows.push(...(await READERS[name](file)))
    found[what] = rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, cell(value)])),
    )
  } catch (error) {
    found[what] = `${error.name}: ${String(error.message).split('\n')[0]}`
  }
}
const manifest = JSON.parse(readFileSync(join('node_modules', name, 'package.json')))
console.log('\n' + JSON.stringify({ version: manifest.version.replace(/^v/, ''), found }))
