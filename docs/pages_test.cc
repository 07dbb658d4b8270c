// SPDX-FileCopyrightText: The eddy authors
// SPDX-License-Identifier: Apache-2.0

// The code that the pages show is code that is compiled and run: each block of C++, and of
// what it prints, is found line by line in the source that belongs to the page. That of
// docs/tutorial.md is docs/tutorial_examples.cc. A page without code needs none.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Block {
  std::size_t line = 0;  // of its fence
  std::string text;      // each line with its end
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::erase(text, '\r');  // of a checkout on Windows
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string source_of(const std::string& page) {
  if (page == "README.md") return "docs/readme_example.cc";
  return page.substr(0, page.size() - std::string_view(".md").size()) + "_examples.cc";
}

// The pages below docs/, and README.md.
std::vector<std::string> all_pages() {
  std::vector<std::string> pages{"README.md"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator("docs")) {
    if (entry.path().extension() == ".md") pages.push_back(entry.path().generic_string());
  }
  return pages;
}

// The blocks of `page` that its source has to have. Fails for code that is not fenced, or whose
// fence does not tell what it is: nobody would compile that. (README.md indents commands.)
std::vector<Block> blocks_of(const std::string& page) {
  std::vector<Block> blocks;
  bool inside = false;
  bool wanted = false;
  std::size_t number = 0;
  for (const std::string& line : lines_of(read_file(page))) {
    ++number;
    const std::string where = page + ":" + std::to_string(number);
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const std::string_view rest = std::string_view(line).substr(indent);
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      if (wanted) blocks.back().text += line + "\n";
    } else if (line == "```cpp" || line == "```text" || line == "```sh") {
      inside = true;
      wanted = line != "```sh";
      if (wanted) blocks.push_back(Block{number, ""});
    } else if (rest.starts_with("```") || rest.starts_with("~~~") || rest.starts_with("<pre")) {
      ADD_FAILURE() << where << ": not a fence of cpp, text (what it prints) or sh at the margin";
    } else if ((indent >= 4 || rest.starts_with('\t')) && page != "README.md") {
      ADD_FAILURE() << where << ": code is fenced, not indented";
    }
  }
  EXPECT_FALSE(inside) << page << ": a fence is left open";
  return blocks;
}

// `text` as it stands in a source, `indent` columns to the right.
std::string indented(const std::string& text, std::size_t indent) {
  std::string moved = "\n";
  for (const std::string& line : lines_of(text)) {
    if (!line.empty()) moved.append(indent, ' ');
    moved += line + "\n";
  }
  return moved;
}

bool has(const std::string& source, const Block& block) {
  for (const std::size_t indent : {0, 2, 4}) {
    if (source.find(indented(block.text, indent)) != std::string::npos) return true;
  }
  return false;
}

TEST(Pages, ShowCodeThatIsCompiledAndRun) {
  std::size_t shown = 0;
  for (const std::string& page : all_pages()) {
    const std::string source = read_file(source_of(page));
    for (const Block& block : blocks_of(page)) {
      EXPECT_TRUE(has(source, block))
          << page << ":" << block.line << ": not in " << source_of(page) << ":\n"
          << block.text;
      ++shown;
    }
    // What is a comment, or is left out, is in no program.
    EXPECT_EQ(source.find("/*"), std::string::npos) << source_of(page);
    EXPECT_EQ(source.find("#if"), std::string::npos) << source_of(page);
  }
  EXPECT_GE(shown, 20u);
}

TEST(Pages, ReadmeShowsItsExample) { EXPECT_EQ(blocks_of("README.md").size(), 1u); }

}  // namespace
