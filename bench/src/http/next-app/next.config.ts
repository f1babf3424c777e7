import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  serverExternalPackages: ['@tessera-auth/core', '@tessera-auth/store-redis', 'ioredis'],
  // The workspace checks types.
  typescript: { ignoreBuildErrors: true },
}

export default config
