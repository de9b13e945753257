"""
Pages that a test opens in a real browser, by Playwright or Selenium.
"""
