{
  # The conventional entry to the native build; the build itself is cargo's (native/build.mjs).
  "targets": [
    {
      "target_name": "kopje",
      "type": "none",
      "actions": [
        {
          "action_name": "cargo",
          "inputs": [],
          "outputs": ["<(PRODUCT_DIR)/kopje.built"],
          "action": ["node", "native/build.mjs"]
        }
      ]
    }
  ]
}
