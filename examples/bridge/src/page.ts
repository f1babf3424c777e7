/** One page that reads the prescriptions in both ways. */

/** `api`: where the browser calls directly. */
export function page(signedIn: boolean, api: string): string {
  const body = signedIn
    ? `<button id="bridge">Through our server</button> <button id="direct">Directly, with a delegated token</button>
       <pre id="out"></pre><script type="module">${script(api)}</script>`
    : '<a href="/connect">Connect your clinic</a>'
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Prescriptions</title><h1>Prescriptions</h1>${body}</html>`
}

function script(api: string): string {
  return `
    const show = async (response) => { out.textContent = JSON.stringify(await response.json(), null, 2) }
    bridge.onclick = async () => show(await fetch('/api/prescriptions'))
    direct.onclick = async () => {
      const { access_token } = await (await fetch('/api/clinic-token', { method: 'POST' })).json()
      show(await fetch(${JSON.stringify(`${api}/prescriptions`)}, { headers: { authorization: 'Bearer ' + access_token } }))
    }`
}
