"""
Pure judgement: values in, values out. No clock, no file, no pytest.
"""
