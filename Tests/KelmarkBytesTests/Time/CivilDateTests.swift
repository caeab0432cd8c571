// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

struct CivilDateTests {
    @Test(arguments: [
        (1970, 1, 1, 0), (1969, 12, 31, -1), (2000, 2, 29, 11_016), (2000, 3, 1, 11_017), (1, 1, 1, -719_162),
        (9999, 12, 31, 2_932_896), (2026, 11, 20, 20_777), (1900, 3, 1, -25_508),
    ])
    func countsDays(_ year: Int, _ month: Int, _ day: Int, _ number: Int) throws {
        let date = try #require(CivilDate(year: year, month: month, day: day))
        #expect(date.dayNumber == number)
        #expect(CivilDate(dayNumber: number) == date)
    }

    @Test func everyDayOfEightHundredYearsFollowsTheOneBefore() throws {
        var last = CivilDate(dayNumber: -146_098)
        for number in -146_097...146_098 {
            let date = CivilDate(dayNumber: number)
            #expect(date.dayNumber == number)
            let isNextDay = date.day == last.day + 1 && date.month == last.month && date.year == last.year
            let isNextMonth = date.day == 1 && last.day == CivilDate.days(inMonth: last.month, of: last.year)
            if !isNextDay && !isNextMonth { Issue.record("day \(number)") }
            last = date
        }
    }

    @Test(arguments: [(2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 0, 1), (2024, 13, 1), (2024, 1, 0)])
    func refusesDatesThatDoNotExist(_ year: Int, _ month: Int, _ day: Int) {
        #expect(CivilDate(year: year, month: month, day: day) == nil)
    }
}
