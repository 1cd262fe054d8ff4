// CSV: cells as RFC 4180 writes them, encodings that spreadsheets use, the staff file's header, and where a mistake stands.
#include "denrei/app/cli/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulk_world.hpp"
#include "denrei/app/cli/csv_staff.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr CsvLimits roomy{.rows_max = 100, .cell_bytes_max = 4096};

std::vector<std::vector<std::string>> cells_of(std::string_view text) {
  const auto table = parse_csv(text, roomy);
  EXPECT_TRUE(table.problems.empty()) << table.problems.sorted().front().text;
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : table.rows) cells.push_back(row.cells);
  return cells;
}

std::string problems_of(std::string_view text, const CsvLimits& limits = roomy) {
  std::string out;
  const auto table = parse_csv(text, limits);
  for (const auto& problem : table.problems.sorted())
    out += std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " + problem.text + "\n";
  return out;
}

TEST(Csv, ReadsRowsWithEitherLineBreakAndWithoutTheLast) {
  EXPECT_THAT(cells_of("a,b\r\nc,d"), ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d")));
  EXPECT_THAT(cells_of("a,b\nc,\n"), ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "")));
  EXPECT_THAT(cells_of(""), IsEmpty());
}

TEST(Csv, ReadsQuotedCells) {
  EXPECT_THAT(cells_of("\"a,b\",\"say \"\"x\"\"\",\"\"\r\n"), ElementsAre(ElementsAre("a,b", "say \"x\"", "")));
  EXPECT_THAT(cells_of("\"one\r\ntwo\nthree\",x\n"), ElementsAre(ElementsAre("one\r\ntwo\nthree", "x")));
}

TEST(Csv, CallsARowByItsFirstLine) {
  for (const auto* text : {"h\n\"one\ntwo\"\n\nlast\n", "h\r\n\"one\r\ntwo\"\r\n\r\nlast\r\n"}) {
    const auto table = parse_csv(text, roomy);
    ASSERT_EQ(table.rows.size(), 3u);
    EXPECT_EQ(table.rows[1].line, 2u);
    EXPECT_EQ(table.rows[2].line, 5u);
  }
}

TEST(Csv, LeavesOutRowsThatAreEmptyInEveryCell) {
  EXPECT_THAT(cells_of("a,b\n,\n\nc,d\n,\n"), ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d")));
}

TEST(Csv, SaysWhereQuotesAreWrong) {
  EXPECT_THAT(problems_of("a,b\nc,\"d\ne\n"), HasSubstr("2:2 the quotation mark at its beginning is never closed"));
  EXPECT_THAT(problems_of("a,b\nc,\"d\"e\n"), HasSubstr("2:2 something follows the closing quotation mark"));
  EXPECT_THAT(problems_of("x\"y,b\n"), HasSubstr("1:1 a quotation mark inside a cell without quotes"));
  EXPECT_THAT(problems_of("a,b\rc\n"), HasSubstr("1:2 a carriage return"));
}

TEST(Csv, GoesOnAfterAMistakeAndFindsTheNext) {
  const auto table = parse_csv("a\"b,c\nd,e\n\"f\"g,h\n", roomy);
  EXPECT_EQ(table.problems.count(), 2u);
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_THAT(table.rows[1].cells, ElementsAre("d", "e"));
  EXPECT_EQ(table.rows[2].cells.at(1), "h");
}

TEST(Csv, BoundsRowsAndCells) {
  EXPECT_EQ(problems_of("h\n1\n2\n", {.rows_max = 2, .cell_bytes_max = 9}), "");
  EXPECT_EQ(problems_of("h\n1\n2\n3\n4\n", {.rows_max = 2, .cell_bytes_max = 9}), "4:0 more than 2 rows\n");
  EXPECT_EQ(problems_of("h\nx,123456789\n", {.rows_max = 2, .cell_bytes_max = 9}), "");
  EXPECT_EQ(problems_of("h\nx,1234567890\n", {.rows_max = 2, .cell_bytes_max = 9}), "2:2 holds 10 bytes, at most 9 are allowed\n");
}

TEST(Csv, CountsProblemsThatItDoesNotList) {
  CsvProblems problems;
  for (std::size_t i = 0; i < CsvProblems::listed_max + 5; ++i) problems.add({1, 1, "x"});
  EXPECT_EQ(problems.sorted().size(), CsvProblems::listed_max);
  EXPECT_EQ(problems.count(), CsvProblems::listed_max + 5);
}

TEST(Csv, WritesWhatItReads) {
  std::string text;
  append_csv_row(text, {"a", "b,c", "say \"x\"", "two\nlines", ""});
  EXPECT_THAT(cells_of(text), ElementsAre(ElementsAre("a", "b,c", "say \"x\"", "two\nlines", "")));
  EXPECT_TRUE(text.starts_with("a,\"b,c\",") && text.ends_with("\r\n"));
}

std::string encoding_fault(std::string_view bytes) {
  const auto text = decode_spreadsheet(bytes);
  return text ? "decoded as " + std::string(text->encoding) : text.error().detail;
}

TEST(SpreadsheetText, IsUtf8WithOrWithoutItsMark) {
  const auto plain = decode_spreadsheet("氏名");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->utf8, "氏名");
  EXPECT_EQ(plain->encoding, "UTF-8");
  const auto marked = decode_spreadsheet("\xEF\xBB\xBF" "氏名");
  ASSERT_TRUE(marked);
  EXPECT_EQ(marked->utf8, "氏名");
}

TEST(SpreadsheetText, IsCp932AsExcelWritesIt) {
  // 山田髙①～ソ表\~: the extensions of NEC and IBM, and characters whose second byte is a backslash
  const auto text = decode_spreadsheet("\x8E\x52\x93\x63\xFB\xFC\x87\x40\x81\x60\x83\x5C\x95\x5C\\~");
  ASSERT_TRUE(text) << text.error().detail;
  EXPECT_EQ(text->utf8, "山田髙①～ソ表\\~");
  EXPECT_EQ(text->encoding, "CP932");
}

TEST(SpreadsheetText, DecodesMoreThanOneBlock) {
  std::string bytes;
  for (int i = 0; i < 40'000; ++i) bytes += "\x8E\x52";
  const auto text = decode_spreadsheet(bytes);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->utf8.size(), 120'000u);
}

TEST(SpreadsheetText, NamesTheLineThatNoEncodingFits) {
  EXPECT_EQ(encoding_fault("a\nb\n\x8E\x52\n\x81\n"), "line 4: is neither UTF-8 (wrong from line 3) nor CP932");
  EXPECT_EQ(encoding_fault("\x8E\x52\nabc\x81"), "line 2: is neither UTF-8 (wrong from line 1) nor CP932");
}

TEST(SpreadsheetText, DoesNotTakeBrokenUtf8ForCp932) {
  // The third line alone is wrong; as CP932 the whole would be decodable nonsense.
  EXPECT_EQ(encoding_fault("山田\n田中\n\x8E\x52\n鈴木\n"), "line 3: is not valid UTF-8, as the rest of the file is");
  EXPECT_THAT(encoding_fault("\xEF\xBB\xBF" "a\n\x8E\x52\n"), HasSubstr("line 2: is not valid UTF-8"));
}

TEST(SpreadsheetText, NamesWhatIsNoCsvAtAll) {
  EXPECT_THAT(encoding_fault("PK\x03\x04rest"), HasSubstr("an Excel workbook"));
  EXPECT_THAT(encoding_fault("\xFF\xFEs\0t\0"), HasSubstr("UTF-16"));
  EXPECT_THAT(encoding_fault(std::string_view("a\0b", 3)), HasSubstr("zero byte"));
}

class StaffFileTest : public BulkWorld {
 protected:
  std::string problems(std::string_view text) {
    write(csv_, text);
    const auto file = read_staff_file(csv_.string());
    if (!file) return file.error().detail;
    auto all = format_problems(*file);
    for (auto at = all.find(csv_.string()); at != std::string::npos; at = all.find(csv_.string())) all.erase(at, csv_.string().size() + 1);
    return all;
  }
};

const std::string required_header = "staffId,fullName,email,facilityId,departmentId";

TEST_F(StaffFileTest, TakesEitherLanguageInAnyOrder) {
  write(csv_, "氏名,職員ＩＤ, メールアドレス ,departmentId,施設ID,写真サイズ\n山田,S-1,a@b,D,F,12\n");
  const auto file = read_staff_file(csv_.string());
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ(format_problems(*file), "");
  EXPECT_EQ(file->staff_id(file->rows.at(0)), "S-1");
  EXPECT_EQ(file->cell(file->rows[0], *find_staff_column("email")), "a@b");
  EXPECT_EQ(file->cell(file->rows[0], *find_staff_column("photoFileSize")), "12");
  EXPECT_EQ(file->cell(file->rows[0], *find_staff_column("position")), "");
  EXPECT_EQ(file->sha256.size(), 64u);
}

TEST_F(StaffFileTest, NamesWrongColumnsAndWhatWasMeant) {
  EXPECT_EQ(problems("staffId,fulName,email,facilityId,departmentId\nS,n,e,f,d\n"),
            "1: the column fullName (氏名) is missing\n"
            "1: column 2 (fulName): is not a column of the staff file; did you mean 'fullName'?\n");
  EXPECT_THAT(problems("職員ID,氏名,メルアドレス,施設ID,部署ID\nS,n,e,f,d\n"), HasSubstr("did you mean 'メールアドレス'?"));
  EXPECT_THAT(problems(required_header + ",職員ID\nS,n,e,f,d,T\n"), HasSubstr("1: column 6 (職員ID): says the same as column 1\n"));
  EXPECT_THAT(problems(required_header + ",\nS,n,e,f,d,x\n"), HasSubstr("column 6 (): has no name"));
  EXPECT_THAT(problems(""), HasSubstr("1: the file has no header row"));
  EXPECT_THAT(problems(required_header + "\n"), HasSubstr("no row follows the header"));
}

TEST_F(StaffFileTest, NamesBothLinesOfARepeatedId) {
  EXPECT_EQ(problems(required_header + "\nS-1,\"a\nb\",e,f,d\nS-2,n,e,f,d\nS-1,n,e,f,d\n"), "5: column 1 (staffId): 'S-1' stands in line 2 already\n");
  EXPECT_EQ(problems(required_header + "\n,n,e,f,d\n"), "2: column 1 (staffId): is required\n");
}

TEST_F(StaffFileTest, RefusesRowsOfAnotherWidth) {
  EXPECT_EQ(problems(required_header + "\nS-1,n,e,f\nS-2,n,e,f,d,x\n"), "2: has 4 cells, the header has 5\n3: has 6 cells, the header has 5\n");
}

TEST_F(StaffFileTest, BoundsRowsAndBytes) {
  std::string text = required_header + "\n";
  for (int i = 0; i <= 100'000; ++i) text += std::to_string(i) + ",n,e,f,d\n";
  EXPECT_EQ(problems(text), "100002: more than 100000 rows\n");
  text.assign(16 * 1024 * 1024 + 1, 'x');
  EXPECT_THAT(problems(text), HasSubstr("is larger than 16777216 bytes"));
  EXPECT_THAT(problems(required_header + "\nS," + std::string(4097, 'n') + ",e,f,d\n"), HasSubstr("2: column 2 (fullName): holds 4097 bytes"));
}

TEST_F(StaffFileTest, SaysWhyAFileCannotBeRead) {
  EXPECT_THAT(read_staff_file((folder_ / "absent").string()).error().detail, HasSubstr("cannot be read"));
  EXPECT_THAT(read_staff_file(folder_.string()).error().detail, HasSubstr("is a directory"));
}

TEST_F(StaffFileTest, ShowsCellsHarmlessly) {
  const auto text = problems(required_header + "\n\x1b[2J,n,e,f,d\n\x1b[2J,n,e,f,d\n");
  EXPECT_THAT(text, AllOf(HasSubstr("'?[2J' stands in line 2"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(quote_for_message(std::string(99, 'a') + "山"), HasSubstr("a…'"));
}

}  // namespace
}  // namespace denrei
