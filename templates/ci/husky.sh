npx --yes create-halo-mcp@{{version}} check{{options}}
