import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  // Loaded by Node as they are: one copy for all routes, so that what one makes another knows; and native code stays out of bundles.
  serverExternalPackages: [
    '@node-rs/argon2',
    '@tessera-auth/core',
    '@tessera-auth/password',
    '@tessera-auth/store-redis',
    '@tessera-auth/store-sql',
    'ioredis',
    'mysql2',
    'pg',
  ],
  experimental: { serverActions: { bodySizeLimit: '64kb' } },
  output: process.env['NEXT_OUTPUT'] === 'standalone' ? 'standalone' : undefined,
  async headers() {
    const headers = {
      'X-Content-Type-Options': 'nosniff',
      // `no-referrer` would make browsers send `Origin: null` with our own forms.
      'Referrer-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
    }
    return [{ source: '/:path*', headers: Object.entries(headers).map(([key, value]) => ({ key, value })) }]
  },
  // What is not there is a page for a person (not-found.tsx), and JSON for a program; proxy.ts says who asks.
  async rewrites() {
    const program = [{ type: 'header' as const, key: 'x-not-found-as', value: 'json' }]
    return {
      beforeFiles: [],
      afterFiles: [],
      fallback: [{ source: '/:path*', destination: '/not-found', has: program }],
    }
  },
}

export default config
