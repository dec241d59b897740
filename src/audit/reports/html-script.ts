/** Sorts and filters what the page already shows; without it the page is complete all the same. */
export const htmlScript = `
const body = document.querySelector('#images tbody')
const rows = [...body.rows]
const search = document.querySelector('#search')
const action = document.querySelector('#action')
const shown = document.querySelector('#shown')
const none = document.querySelector('#none')
const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]))
function filter() {
  const words = search.value.toLowerCase().split(' ').filter(Boolean)
  let count = 0
  for (const row of rows) {
    const fits = (action.value === '' || row.dataset.action === action.value) &&
      words.every((word) => texts.get(row).includes(word))
    row.hidden = !fits
    if (fits) count += 1
  }
  if (rows.length > 0) none.hidden = count > 0
  shown.textContent = count + ' of ' + rows.length + ' shown'
}
function sort(heading) {
  const ascending = heading.getAttribute('aria-sort') !== 'ascending'
  for (const other of heading.parentElement.cells) other.removeAttribute('aria-sort')
  heading.setAttribute('aria-sort', ascending ? 'ascending' : 'descending')
  const key = (row) => row.cells[heading.cellIndex].dataset.key
  const collator = new Intl.Collator('en', { numeric: true })
  const sorted = rows.toSorted((a, b) => collator.compare(key(a), key(b)) * (ascending ? 1 : -1))
  body.append(...sorted)
}
document.querySelector('form').hidden = false
document.querySelector('form').addEventListener('submit', (event) => event.preventDefault())
search.addEventListener('input', filter)
action.addEventListener('change', filter)
for (const heading of document.querySelectorAll('#images th'))
  heading.querySelector('button').addEventListener('click', () => sort(heading))
filter()
`
